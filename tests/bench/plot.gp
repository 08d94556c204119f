# SPDX-License-Identifier: GPL-2.0
# Bars of each operation and growth curves, from the data of `report plots`.
# Called with: dir (where the .dat files are), out (where the .svg go), unit.
set terminal svg size 1100,500 background "white" font "sans,11"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set xtics rotate by -30
set grid ytics
set key outside top horizontal
set ylabel unit." per operation"
set yrange [0:*]
do for [f in system("ls ".dir."/ops-*.dat")] {
	name = system("basename ".f." .dat")
	set output out."/".name.".svg"
	set title name[5:]." (floor, stock, uniform: what it is compared with)"
	plot f using 2:xtic(1) title "floor", "" using 3 title "stock", \
		"" using 4 title "uniform", "" using 5 title "naive", "" using 6 title "mixed"
}
set style data linespoints
set xtics norotate
set logscale x 2
set xrange [0.7:1400]
set xlabel "MiB, or number of VMAs"
set ylabel unit." per page, call, segment or VMA"
ops = system("cd ".dir." && ls growth-*.dat | sed 's/^growth-\\([a-z0-9_]*\\)-.*/\\1/' | sort -u")
do for [op in ops] {
	set output out."/growth-".op.".svg"
	set title op noenhanced
	files = system("ls ".dir."/growth-".op."-*.dat")
	plot for [f in files] f using 1:2 title system("basename ".f." .dat | sed 's/^growth-[a-z0-9_]*-//'") noenhanced
}
