"""One file for each outside thing: photo files, the job queue, office documents."""
