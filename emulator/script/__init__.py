"""What should the model say? Fixtures, matching, plans and the built-in model; nothing here talks or stores."""
