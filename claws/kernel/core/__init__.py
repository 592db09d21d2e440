"""What a claim is: sizes, functions, programs, flows, statements, and the evidence that may come with one."""
