"""How people come, prove their e-mail, find back in, and work together on an account."""
