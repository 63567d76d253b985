function [groups, means] = mean_by_group(values, labels)
    % MEAN_BY_GROUP  Mean of the rows of `values` that share a label.
    %
    %   values  one row for each trial
    %   labels  one number for each trial
    %
    %   groups  the labels that occur, in order
    %   means   one row for each of them
    groups = unique(labels(:));
    means = zeros(numel(groups), size(values, 2));
    for group = 1:numel(groups)
        means(group, :) = mean(values(labels(:) == groups(group), :), 1);
    end
end
