"""Models from elsewhere, written as .claw text that the trusted reader reads."""
