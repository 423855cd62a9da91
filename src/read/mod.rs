//! Room 1: a file becomes rows. Knows file formats and nothing about clients.
