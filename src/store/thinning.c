/* SPDX-License-Identifier: MIT */
#include "store/thinning.h"

static int64_t span_of(int64_t wall_ms)
{
	int64_t span = wall_ms / SUMMARY_SPAN_MS;

	return wall_ms % SUMMARY_SPAN_MS < 0 ? span - 1 : span;
}

static void put_block(struct thinning *thinning)
{
	const struct thinning_block block = {
		.start_ms = thinning->start_ms,
		.most_ms = thinning->most_ms,
		.bytes = thinning->bytes,
		.num_bytes = thinning->num_bytes,
	};

	if (thinning->num_bytes > 0 && thinning->error == 0)
		thinning->error = thinning->put(thinning->context, &block);
	thinning->num_bytes = 0;
}

static void put_summary(struct thinning *thinning, const struct summary *summary)
{
	if (thinning->num_bytes + SERIES_MAX_RECORD > sizeof(thinning->bytes) ||
	    (thinning->num_bytes > 0 && !series_takes(&thinning->series, summary)))
		put_block(thinning);
	if (thinning->num_bytes == 0) {
		thinning->num_bytes = series_begin(&thinning->series, SERIES_SUMMARIES,
						   summary, thinning->bytes);
		thinning->start_ms = thinning->most_ms = summary->wall_ms;
	}
	thinning->num_bytes += series_put(&thinning->series, summary,
					  thinning->bytes + thinning->num_bytes);
	if (summary->wall_ms > thinning->most_ms)
		thinning->most_ms = summary->wall_ms;
}

static void end_span(struct thinning *thinning)
{
	struct summary *sum = &thinning->sum;
	int64_t num = sum->num_readings;

	if (num == 0)
		return;
	sum->wall_ms = span_of(sum->wall_ms) * SUMMARY_SPAN_MS + thinning->sum_ms / num;
	for (uint8_t i = 0; i < sum->num_values; i++)
		sum->values[i].mean_milli = (int32_t)(thinning->sums[i] / num);
	if (num > SUMMARY_MAX_READINGS)
		sum->num_readings = SUMMARY_MAX_READINGS;
	put_summary(thinning, sum);
	sum->num_readings = 0;
}

static bool is_alike(const struct summary *sum, const struct summary *summary)
{
	if (span_of(sum->wall_ms) != span_of(summary->wall_ms) ||
	    sum->num_values != summary->num_values)
		return false;
	for (uint8_t i = 0; i < sum->num_values; i++) {
		if (sum->values[i].quantity != summary->values[i].quantity ||
		    sum->values[i].digits != summary->values[i].digits)
			return false;
	}
	return true;
}

void thinning_add(struct thinning *thinning, const struct summary *summary)
{
	struct summary *sum = &thinning->sum;
	int64_t num = summary->num_readings;

	if (sum->num_readings > 0 && !is_alike(sum, summary))
		end_span(thinning);
	if (sum->num_readings == 0) {
		*sum = *summary;
		sum->num_readings = 0;
		thinning->sum_ms = 0;
		for (uint8_t i = 0; i < sum->num_values; i++)
			thinning->sums[i] = 0;
	}
	sum->num_readings += summary->num_readings;
	thinning->sum_ms +=
		(summary->wall_ms - span_of(summary->wall_ms) * SUMMARY_SPAN_MS) * num;
	for (uint8_t i = 0; i < sum->num_values; i++) {
		struct summary_value *value = &sum->values[i];

		if (summary->values[i].least_milli < value->least_milli)
			value->least_milli = summary->values[i].least_milli;
		if (summary->values[i].most_milli > value->most_milli)
			value->most_milli = summary->values[i].most_milli;
		thinning->sums[i] += summary->values[i].mean_milli * num;
	}
}

int thinning_end(struct thinning *thinning)
{
	end_span(thinning);
	put_block(thinning);
	return thinning->error;
}
