//! Synthetic clients: a messy CSV of invented persons, to rehearse with. Knows nothing of the sandbox's server.
