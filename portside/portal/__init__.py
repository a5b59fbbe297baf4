"""Pages for buyers: where a parcel is, and whether they want to hear of it. No script, no cookie, no sign-in."""
