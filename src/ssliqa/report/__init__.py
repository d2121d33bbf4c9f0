"""What people look at: plots and pages made from results that already exist."""
