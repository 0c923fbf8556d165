"""Programs that scenarios run in processes of their own."""
