"""Real dirt, from the text of a file to the decision: one sentence a test."""
