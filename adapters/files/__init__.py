"""Files that are made anew: whole or not at all, and in nobody's place; knows no database."""
