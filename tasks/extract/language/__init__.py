"""Language: words, their forms, and clauses with the cues in them."""
