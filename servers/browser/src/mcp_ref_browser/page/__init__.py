"""What is done with a page: finding, acting, settling, reading, capturing."""
