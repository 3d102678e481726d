"""How far a reader has to go: the calls inside the suite that one operation makes."""
