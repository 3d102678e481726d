"""The session store and its parts."""
