"""The calls inside the suite that one operation makes: the way of a reader through the code."""
