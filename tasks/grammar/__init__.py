"""The grammar of date phrases: words, rules over their classes, what they mean, how they join."""
