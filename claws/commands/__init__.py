"""One file a command: its options, its exit statuses, and what it does; `claws.cli` is the table of them."""
