"""How many laws there are: bounds from both sides, by ranks at one point modulo a number."""
