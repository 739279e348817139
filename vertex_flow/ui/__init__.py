"""The console: pages for a browser that show what runs in a place."""
