"""Everything that touches httpx: imported when the first page is asked for, and nowhere before."""
