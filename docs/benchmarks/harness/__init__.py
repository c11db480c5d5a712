"""What runs rivals on suites: jobs, processes with a time limit, results."""
