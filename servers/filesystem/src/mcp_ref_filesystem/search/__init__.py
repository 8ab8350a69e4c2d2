"""Walking trees and finding in them: names, contents, sums."""
