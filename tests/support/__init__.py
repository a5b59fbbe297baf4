"""What tests share: the database of the run, the cast, clients and receivers."""
