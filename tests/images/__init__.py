"""The images, run as a cluster runs them."""
