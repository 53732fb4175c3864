"""The HTTP door: website chat, webhooks, the operators' API and the pages."""
