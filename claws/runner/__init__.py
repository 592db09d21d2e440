"""The one path from files to results, for every command: files, options, processes, results."""
