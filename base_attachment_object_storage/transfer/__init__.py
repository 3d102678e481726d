"""Moving content between the database, local files and stores."""
