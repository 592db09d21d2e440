"""Conservation laws that nobody wrote down, found from a model alone: `README.md` says which file does what."""
