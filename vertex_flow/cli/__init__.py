"""The command line: parsing and printing only, a command a module."""
