"""Systems Manager: public parameters, and what reading a parameter needs."""
