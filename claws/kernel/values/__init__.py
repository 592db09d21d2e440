"""What a program computes at fixed sizes, over any ring; exact points and enclosures, on which every REFUTED rests."""
