"""What a platform has settled for an account: prices, carriers, services, label format."""
