"""What the engine keeps: its folder, its store, and how lists are filtered and paged."""
