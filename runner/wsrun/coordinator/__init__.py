"""One run on this machine: the workers, the journal, the end."""
