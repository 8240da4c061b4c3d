"""`shim doctor`: what is wrong with a deployment, why it matters, and what to do."""
