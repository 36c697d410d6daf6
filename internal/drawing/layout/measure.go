// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import "strings"

// Widths of the printable ASCII characters in thousandths of the size, as in DejaVu Sans.
var (
	regular = [95]int{
		318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 501, 838, 318, 361, 318, 337,
		637, 637, 637, 637, 637, 637, 637, 637, 637, 637, 337, 337, 838, 838, 838, 531,
		1001, 685, 687, 699, 771, 632, 576, 775, 752, 295, 295, 656, 558, 863, 749, 788,
		604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 501,
		501, 613, 635, 550, 635, 616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612,
		635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637, 337, 637, 838,
	}
	bold = [95]int{
		349, 457, 521, 838, 696, 1002, 873, 307, 458, 458, 523, 838, 380, 416, 380, 366,
		696, 696, 696, 696, 696, 696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 581,
		1001, 774, 763, 734, 831, 684, 684, 821, 837, 373, 373, 775, 638, 996, 837, 851,
		733, 851, 771, 721, 683, 813, 774, 1104, 771, 725, 726, 458, 366, 458, 838, 501,
		501, 675, 716, 593, 716, 679, 436, 716, 712, 343, 343, 666, 343, 1042, 712, 688,
		716, 716, 494, 596, 479, 712, 652, 924, 646, 652, 583, 712, 366, 712, 838,
	}
)

// otherwise is the width of every other character: no less than that of a letter of any
// script, and of an ideogram.
const otherwise = 1100

// Width is how wide a text is at a size, rounded up.
func Width(s string, size int, heavy bool) int {
	table := &regular
	if heavy {
		table = &bold
	}
	sum := 0
	for _, r := range s {
		switch {
		case r >= ' ' && r <= '~':
			sum += table[r-' ']
		case r == '·':
			sum += 400
		default:
			sum += otherwise
		}
	}
	return ceil(sum*size, 1000)
}

// fit cuts a text to a width.
func fit(s string, size int, heavy bool, width int) string {
	if Width(s, size, heavy) <= width {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 0; n-- {
		cut := strings.TrimRight(string(runes[:n]), " ,;·") + "…"
		if Width(cut, size, heavy) <= width {
			return cut
		}
	}
	return "…"
}

// wrap breaks a text at spaces into at most so many lines; the last is cut.
func wrap(s string, size int, heavy bool, width, most int) []string {
	var out []string
	words := strings.Fields(s)
	for len(words) > 0 {
		if len(out) == most-1 {
			return append(out, fit(strings.Join(words, " "), size, heavy, width))
		}
		n := 1
		for n < len(words) && Width(strings.Join(words[:n+1], " "), size, heavy) <= width {
			n++
		}
		out = append(out, fit(strings.Join(words[:n], " "), size, heavy, width))
		words = words[n:]
	}
	return out
}
