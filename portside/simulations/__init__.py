"""What an account may do with the simulated carriers it tests against: set their clock, choose stories, see calls."""
