"""What the mail's bytes say: headers, parts, charsets, files, and who or what wrote it."""
