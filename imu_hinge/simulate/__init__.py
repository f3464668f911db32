"""Make a virtual lifter's samples together with their truth; nothing here analyses them."""
