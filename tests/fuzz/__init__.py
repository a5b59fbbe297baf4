"""What nobody would send by hand."""
