"""How an account looks to buyers: its own words, logo and colour over what its platform has settled."""
