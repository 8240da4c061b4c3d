"""The first configuration of a deployment: what is asked, and the file, folder and key that are made of the answers."""
