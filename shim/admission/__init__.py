"""Who is let in: policies of the routes, clients with their keys and limits, and what is refused at the gate."""
