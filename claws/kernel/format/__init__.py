"""Statements and certificates as text: what is read is bounded and checked before anything is computed."""
