"""The pages, and the programs that write the tables in them."""
