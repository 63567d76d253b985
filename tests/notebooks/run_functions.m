% Calls the tutorial's plain functions as its script does: run_functions in Octave.
load('session.mat');
n_units = numel(index);
n_spikes = zeros(n_units, 1);
prefers = zeros(n_units, 1);
selectivity = zeros(n_units, 1);
curves = [];
for k = 1:n_units
    spikes = spikes_of_unit(times, index, k);
    n_spikes(k) = numel(spikes);
    [groups, curve] = mean_by_group(psth_counts(spikes, starts, [0 1]), directions);
    curves = [curves; curve'];
    [prefers(k), selectivity(k)] = preferred_direction(groups, curve);
end
last_spike = spikes;
psth = psth_counts(spikes_of_unit(times, index, 1), starts, edges);
save('-v7', 'found.mat', 'n_spikes', 'last_spike', 'psth', 'groups', 'curves', 'prefers', 'selectivity');
