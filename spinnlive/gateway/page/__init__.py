"""The page of `spinnlive monitor`: its files, as they go to the browser."""
