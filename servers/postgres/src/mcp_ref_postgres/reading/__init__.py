"""Reading by a caller's statement: parameters, columns cut by the engine, portals, pages."""
