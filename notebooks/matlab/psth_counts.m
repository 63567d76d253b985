function counts = psth_counts(spikes, events, edges)
    % PSTH_COUNTS  Spikes around each event: one row for each event, one column for each bin.
    %
    %   spikes  spike times, in s, in order
    %   events  times of the events, in s
    %   edges   edges of the bins, in s from the event; a bin holds its left edge
    counts = zeros(numel(events), numel(edges) - 1);
    for event = 1:numel(events)
        from_event = spikes - events(event);
        for bin = 1:numel(edges) - 1
            counts(event, bin) = sum(from_event >= edges(bin) & from_event < edges(bin + 1));
        end
    end
end
