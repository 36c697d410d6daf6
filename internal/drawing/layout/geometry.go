// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

// Point is a place on the sheet, in units from the top left corner.
type Point struct{ X, Y int }

// Rect is a rectangle of the sheet.
type Rect struct{ X, Y, W, H int }

// Empty says that nothing is in it.
func (r Rect) Empty() bool { return r.W <= 0 || r.H <= 0 }

// Right and Bottom edges.
func (r Rect) Right() int { return r.X + r.W }

// Bottom edge.
func (r Rect) Bottom() int { return r.Y + r.H }

// Overlaps says that the insides of two rectangles have a point in common.
func (r Rect) Overlaps(o Rect) bool {
	return r.X < o.Right() && o.X < r.Right() && r.Y < o.Bottom() && o.Y < r.Bottom()
}

// Crosses says that a level or upright piece of line goes through the inside.
func (r Rect) Crosses(a, b Point) bool {
	return min(a.X, b.X) < r.Right() && max(a.X, b.X) > r.X && min(a.Y, b.Y) < r.Bottom() && max(a.Y, b.Y) > r.Y
}

func (r Rect) moved(x, y int) Rect { return Rect{r.X + x, r.Y + y, r.W, r.H} }

func (p Point) moved(x, y int) Point { return Point{p.X + x, p.Y + y} }

// ceil divides, rounding up.
func ceil(a, b int) int { return (a + b - 1) / b }

// floor divides, rounding down also below zero.
func floor(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
