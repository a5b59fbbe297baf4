"""What happened: event rows, written with the change they tell of, and the jobs that react to them."""
