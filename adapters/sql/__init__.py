"""Fresh connections to any SQL database, opened ahead in worker processes that can be killed. Knows no driver."""
