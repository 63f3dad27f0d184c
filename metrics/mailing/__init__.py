"""Reports that come by mail: who wants which, when they are due, what stands in them."""
