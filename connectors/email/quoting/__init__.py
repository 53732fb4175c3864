"""How mail programs quote and sign, in their languages: what own words are told by."""
